/** What is refused of an upload, in the words of the draft. */
import { HttpError } from '../core/error.ts'
import { formatBoolean } from '../wire/upload-field.ts'
import type { StoredUpload } from './store.ts'

const PROBLEM = 'https://iana.org/assignments/http-problem-types#'

export const CLOSE = { connection: 'close' }

export function mismatching(expected: number, provided: number): HttpError {
  return new HttpError('UPLOAD_OFFSET_MISMATCH', {
    detail: `The upload goes on at ${expected}, not at ${provided}.`,
    headers: { ...CLOSE, 'upload-offset': String(expected), 'upload-complete': formatBoolean(false) },
    extensions: {
      type: `${PROBLEM}mismatching-upload-offset`,
      'expected-offset': expected,
      'provided-offset': provided,
    },
  })
}

export function inconsistent(length: number, other: number): HttpError {
  return new HttpError('UPLOAD_LENGTH_MISMATCH', {
    detail: `The upload was to have ${length} bytes, not ${other}.`,
    headers: CLOSE,
    extensions: { type: `${PROBLEM}inconsistent-upload-length` },
  })
}

export function completed({ offset }: StoredUpload): HttpError {
  return new HttpError('UPLOAD_COMPLETE', {
    detail: 'The upload is complete; nothing can be added to it.',
    headers: { ...CLOSE, 'upload-offset': String(offset), 'upload-complete': formatBoolean(true) },
    extensions: { type: `${PROBLEM}completed-upload` },
  })
}

export function unknown(): HttpError {
  return new HttpError('NOT_FOUND', { detail: 'There is no such upload, or it has expired. Begin again.' })
}
