import type { Channel } from 'millrace'
import { expect, vi } from 'vitest'
import { type Claims, openSocket, openStream, post } from '../program.ts'

export const claims: Claims = {
  async 'typed.ts'({ url }) {
    const peer = await openSocket(`${url}/sum`)
    peer.send('{"a":1,"b":2}')
    await vi.waitFor(() => expect(peer.heard).toEqual(['{"sum":3}']))
    peer.send('{"a":"one"}')
    expect(await peer.closed).toEqual([1007, 'Message 1: a: Invalid input: expected number, received string'])
    expect((await fetch(`${url}/sum`)).status).toBe(426)
  },

  async 'room.ts'({ url }) {
    const ann = await openSocket(`${url}/room/ann`)
    ann.send('hello')
    await vi.waitFor(() => expect(ann.heard).toHaveLength(2))
    const ben = await openSocket(`${url}/room/ben`)
    await vi.waitFor(() =>
      expect(ben.heard.map((line) => (JSON.parse(line) as { text: string }).text)).toEqual([
        'came in',
        'hello',
        'came in',
      ]),
    )
    ben.close()
    await vi.waitFor(() => expect(ann.heard.at(-1)).toBe('{"from":"ben","text":"left"}'))
    ann.close()
  },

  async 'follow.ts'({ url, exports }) {
    const prices = exports['prices'] as Channel<{ price: number }>
    const peer = await openSocket(`${url}/prices`)
    await vi.waitFor(() => expect(prices.followers).toBe(1))
    prices.publish({ price: 7 })
    await vi.waitFor(() => expect(peer.heard).toEqual(['{"price":7}']))
    peer.close(1000)
    expect((await peer.closed)[0]).toBe(1000)
    await vi.waitFor(() => expect(prices.followers).toBe(0))
  },

  async 'guard.ts'({ url }) {
    const peer = await openSocket(`${url}/private?token=secret`, { origin: 'https://app.example' })
    await vi.waitFor(() => expect(peer.heard).toEqual(['hello ada']))
    peer.send('bye')
    expect(await peer.closed).toEqual([4000, 'as you wish'])
    await expect(openSocket(`${url}/private?token=wrong`)).rejects.toThrow('401')
    await expect(openSocket(`${url}/private`)).rejects.toThrow('422')
    const elsewhere = openSocket(`${url}/private?token=secret`, { origin: 'https://evil.example' })
    await expect(elsewhere).rejects.toThrow('403')
    const talker = await openSocket(`${url}/private?token=secret`)
    talker.send('x'.repeat(4097))
    expect((await talker.closed)[0]).toBe(1009)
  },

  async 'channel-stream.ts'({ url, exports }) {
    const news = exports['news'] as Channel<unknown>
    expect(await (await post(`${url}/news`, { headline: 'old' })).json()).toEqual({ offset: 0, followers: 0 })
    const stream = await openStream(`${url}/news`)
    expect(await stream.next()).toBe('data: {"headline":"old"}\n\n')
    expect(await (await post(`${url}/news`, { headline: 'new' })).json()).toEqual({ offset: 1, followers: 1 })
    expect(await stream.next()).toBe('data: {"headline":"new"}\n\n')
    await stream.leave()
    await vi.waitFor(() => expect(news.followers).toBe(0))
    const greeted = await openStream(`${url}/greeted`)
    expect(await greeted.next()).toBe('data: {"headline":"Good morning"}\n\n')
    await vi.waitFor(() => expect(news.followers).toBe(1))
    await greeted.leave()
    await vi.waitFor(() => expect(news.followers).toBe(0))
    expect(() => news.publish(7)).toThrow('does not match its schema')
  },
}
