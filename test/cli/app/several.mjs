import { App } from 'millrace'
export const first = new App({ title: 'First' })
export const second = new App({ title: 'Second' })
