/** Questions that wait for an answer. Deadlines are data, looked at on the ring's tick; nothing here runs by itself. */

import type { RingMessage } from '../protocol/messages.ts'
import type { Deadline } from './deadlines.ts'

export interface Question {
  /** Clock time in ms from which no answer is waited for. */
  readonly deadline: number
  answered(message: RingMessage): void
  timedOut(): void
}

export class Pending {
  readonly #questions = new Map<number, Question>()
  readonly #due: Deadline
  #last = 0

  constructor(due: Deadline) {
    this.#due = due
  }

  /** A number for a question or message that pairs an answer with it. */
  nextExchange(): number {
    return ++this.#last
  }

  /** Waits for the answer to exchange `exchange`. */
  open(exchange: number, question: Question): void {
    this.#questions.set(exchange, question)
    this.#due.by(question.deadline)
  }

  /** Hands an answer to whoever asked. False when nobody waits for it (any more). */
  answer(exchange: number, message: RingMessage): boolean {
    const question = this.#questions.get(exchange)
    if (!question) return false
    this.close(exchange)
    question.answered(message)
    return true
  }

  close(exchange: number): void {
    this.#questions.delete(exchange)
    if (this.#questions.size === 0) this.#due.clear()
  }

  isOpen(exchange: number): boolean {
    return this.#questions.has(exchange)
  }

  /** Tells those whose deadline has passed. */
  expire(now: number): void {
    if (!this.#due.isDue(now)) return
    for (const [exchange, question] of this.#questions) {
      if (question.deadline > now) continue
      this.#questions.delete(exchange)
      question.timedOut()
    }
    this.#due.clear()
    for (const { deadline } of this.#questions.values()) this.#due.by(deadline)
  }
}
