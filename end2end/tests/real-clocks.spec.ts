// Both clocks as they are, with a session short enough to be watched to its end. The only tests that wait.
import { expect, test } from "./support/fixtures.ts";
import { answersOf, expectAskedAgain, idleDialog, ownPass, SECOND, signIn } from "./support/pages.ts";

const IDLE_TIMEOUT = 20 * SECOND;

test.use({
  settings: {
    SESSION__IDLE_TIMEOUT: "20s",
    SESSION__IDLE_WARNING: "8s",
    SESSION__ACCESS_TTL: "12s",
    SESSION__REFRESH_LEAD: "4s",
    SESSION__ROTATION_GRACE: "2s",
  },
});

test("an idle page renews its token to the end and is then signed out", async ({ page, account }) => {
  test.setTimeout(60 * SECOND);
  const renewals = answersOf(page, "/api/refresh");
  await signIn(page, account, { to: "/settings/devices" });
  await expect(idleDialog(page)).toBeVisible({ timeout: 15 * SECOND });
  const beforeTheEnd = [...renewals];
  await expectAskedAgain(page, "Signed out without activity", { within: 15 * SECOND });
  await expect(page.getByText("You were signed out after 20 seconds without activity.")).toBeVisible();
  expect(beforeTheEnd).toEqual(beforeTheEnd.map(() => 200));
  // the question at the end may be a refresh that is refused
  const granted = renewals.filter((status) => status === 200).length;
  expect(granted).toBeGreaterThanOrEqual(1);
  expect(granted).toBeLessThanOrEqual(3);
  expect(renewals.length - granted).toBeLessThanOrEqual(1);
});

test("human acts keep a session alive past its idle timeout", async ({ page, account }) => {
  test.setTimeout(60 * SECOND);
  await signIn(page, account, { to: "/settings/devices" });
  const end = Date.now() + IDLE_TIMEOUT + 4 * SECOND;
  for (let step = 0; Date.now() < end; step++) {
    if (step % 2 === 0) {
      await page.mouse.move(100 + step, 200);
    } else {
      await page.keyboard.press("Shift");
    }
    await page.waitForTimeout(2 * SECOND);
    await expect(idleDialog(page)).toBeHidden();
  }
  await page.reload();
  await expect(ownPass(page)).toBeVisible();
});
