// A reporter that ends the run with one line of counts: "browser: 12 passed, 0 failed, 1 skipped".
import type { Reporter, Suite } from "@playwright/test/reporter";

export default class ClosingLine implements Reporter {
  #suite?: Suite;

  onBegin(_config: unknown, suite: Suite) {
    this.#suite = suite;
  }

  async onExit() {
    const outcomes = this.#suite?.allTests().map((test) => test.outcome()) ?? [];
    const count = (...kinds: string[]) => outcomes.filter((outcome) => kinds.includes(outcome)).length;
    console.log(`browser: ${count("expected", "flaky")} passed, ${count("unexpected")} failed, ${count("skipped")} skipped`);
  }

  printsToStdio() {
    return false;
  }
}
