/** What is still to be passed on, the least told first: every ping and response takes some of it from the front. */

import type { Identifier } from '../protocol/identifier.ts'

/** `told`: counts as passed on once more. `void`: nothing is known of it any more. `full`: no more now. */
export type Passed = 'told' | 'void' | 'full'

interface Item {
  readonly id: Identifier
  /** How often it is still to be told. */
  times: number
}

export class News {
  /** The most often still to be told first; among equals, the longest waiting. */
  readonly #items: Item[] = []

  get size(): number {
    return this.#items.length
  }

  /** News of `id`, to be passed on `times` times, whatever was left of older news of it. */
  add(id: Identifier, times: number): void {
    const index = this.#items.findIndex((item) => item.id === id)
    if (index >= 0) this.#items.splice(index, 1)
    this.#queue({ id, times })
  }

  /** Offers one piece of news after the other, until `tell` says `full`. None is offered twice. */
  passOn(tell: (id: Identifier) => Passed): void {
    const items = this.#items
    let offered = 0
    for (let item = items[0]; item; item = items[++offered]) {
      const passed = tell(item.id)
      if (passed === 'full') break
      item.times = passed === 'told' ? item.times - 1 : 0
    }
    for (const item of items.splice(0, offered)) if (item.times > 0) this.#queue(item)
  }

  #queue(item: Item): void {
    const items = this.#items
    let index = items.length
    while (index > 0 && (items[index - 1] as Item).times < item.times) index--
    items.splice(index, 0, item)
  }
}
