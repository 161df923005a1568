/** Questions that wait for an answer. Deadlines are data, looked at on the ring's tick; nothing here runs by itself. */

import type { RingMessage } from '../protocol/messages.ts'

export interface Question {
  /** Clock time in ms from which no answer is waited for. */
  readonly deadline: number
  answered(message: RingMessage): void
  timedOut(): void
}

export class Pending {
  readonly #questions = new Map<number, Question>()
  #last = 0

  /** A number for a question or message that pairs an answer with it. */
  nextExchange(): number {
    return ++this.#last
  }

  /** Waits for the answer to exchange `exchange`. */
  open(exchange: number, question: Question): void {
    this.#questions.set(exchange, question)
  }

  /** Hands an answer to whoever asked. False when nobody waits for it (any more). */
  answer(exchange: number, message: RingMessage): boolean {
    const question = this.#questions.get(exchange)
    if (!question) return false
    this.#questions.delete(exchange)
    question.answered(message)
    return true
  }

  close(exchange: number): void {
    this.#questions.delete(exchange)
  }

  isOpen(exchange: number): boolean {
    return this.#questions.has(exchange)
  }

  /** Tells those whose deadline has passed. */
  expire(now: number): void {
    for (const [exchange, question] of this.#questions) {
      if (question.deadline > now) continue
      this.#questions.delete(exchange)
      question.timedOut()
    }
  }
}
