// The streams by which pages are told of what happened.
import type { BrowserContext, Page, Request } from "@playwright/test";

export const EVENTS = "/events";

/** The streams of a browser that are open. */
export class Streams {
  opened = 0;
  readonly #open = new Set<Request>();

  constructor(context: BrowserContext) {
    context.on("request", (request) => {
      if (isStream(request.url())) {
        this.opened++;
        this.#open.add(request);
      }
    });
    context.on("requestfinished", (request) => this.#open.delete(request));
    context.on("requestfailed", (request) => this.#open.delete(request));
  }

  get open(): number {
    // nothing is told of what a tab had open when it was closed
    return [...this.#open].filter((request) => !request.frame().page().isClosed()).length;
  }
}

function isStream(url: string): boolean {
  return new URL(url).pathname === EVENTS;
}

/** Does something that makes a page listen, and waits until it does. */
export async function listening(page: Page, act: () => Promise<void>): Promise<void> {
  const answered = page.waitForResponse((response) => isStream(response.url()) && response.status() === 200);
  await act();
  await answered;
}
