/** Forms with files, from the document that we write to what the console sends. */
import { App, file, form, multipart } from 'millrace'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { launchChromium, visit, withoutChromium } from '../../chromium.ts'
import { type HttpOperation, readDocument } from '../../../src/openapi/console/page/document.ts'
import { formFields, initialValues, prepare } from '../../../src/openapi/console/page/request.ts'
import { describeType, kindOf } from '../../../src/openapi/console/page/schema.ts'

const fields = { photo: file(), more: file({ many: true, optional: true }), title: z.string() }

function createApp(): App {
  const app = new App({ title: 'Forms', version: '1.0.0' })
  app.post('/form', { operationId: 'form', body: form(fields) }, async ({ body }) => ({
    title: body.title,
    photo: [body.photo.filename, await body.photo.text()],
    more: body.more.map(({ filename }) => filename),
  }))
  app.post('/parts', { operationId: 'parts', body: multipart(fields) }, async ({ body }) => {
    const names: string[] = []
    for await (const part of body) names.push(part.name)
    return names
  })
  app.post('/plain', { operationId: 'plain', body: form({ any: z.any() }) }, () => 'fine')
  return app
}

async function operationOf(id: string): Promise<HttpOperation> {
  const { operations } = readDocument(await createApp().openapi(), undefined)
  return operations.find((each) => each.id === id) as HttpOperation
}

test.each(['form', 'parts'])('a file is a file in the document of %s()', async (id) => {
  const operation = await operationOf(id)
  const { resolve } = operation
  const content = operation.bodies.find(({ mediaType }) => mediaType === 'multipart/form-data')!
  const shown = formFields(content, resolve).map(([name, schema]) => [
    name,
    kindOf(schema, resolve),
    describeType(schema, resolve),
  ])
  expect(shown).toEqual([
    ['photo', 'file', 'file'],
    ['more', 'file', 'list of file'],
    ['title', 'text', 'string'],
  ])
  const [one, two] = [new File(['1'], 'one.txt'), new File(['2'], 'two.txt')]
  const values = { ...initialValues(operation, ''), bodyType: 'multipart/form-data' }
  const filled = { ...values, fields: { title: 'tea' }, files: { photo: [one], more: [one, two] } }
  expect(prepare(operation, filled, 'http://127.0.0.1/').body).toEqual({
    kind: 'form',
    parts: [
      ['photo', one],
      ['more', one],
      ['more', two],
      ['title', 'tea'],
    ],
  })
})

test('a field of a form without files that may be anything is text', async () => {
  const operation = await operationOf('plain')
  const urlencoded = operation.bodies.find(({ mediaType }) => mediaType.endsWith('urlencoded'))!
  expect(
    formFields(urlencoded, operation.resolve).map(([, schema]) => kindOf(schema, operation.resolve)),
  ).toEqual(['text'])
})

test.skipIf(withoutChromium)('the console uploads files to a form', { timeout: 60_000 }, async () => {
  const app = createApp()
  const server = await app.listen({ host: '127.0.0.1', port: 0 })
  const browser = await launchChromium()
  try {
    await visit(browser, `${server.url}/docs#form`, {}, async (page) => {
      await page.waitForSelector('.operation')
      const make = (name: string) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(name) })
      await page.setInputFiles('[id="field-body.photo"]', make('a.txt'))
      await page.setInputFiles('[id="field-body.more"]', [make('b.txt'), make('c.txt')])
      await page.fill('[id="field-body.title"]', 'tea')
      await page.click('#run')
      await page.waitForSelector('.body-view pre')
      expect(JSON.parse((await page.textContent('.body-view pre'))!)).toEqual({
        title: 'tea',
        photo: ['a.txt', 'a.txt'],
        more: ['b.txt', 'c.txt'],
      })
    })
  } finally {
    await browser.close()
    await app.close({ grace: 0 })
  }
})
