import { durationSeconds } from "../../config/schemas/duration";

describe("a duration", () => {
  test.each([
    ["0s", 0],
    ["30s", 30],
    ["5m", 300],
    ["24h", 86_400],
    ["7d", 604_800],
  ])("%s is %i seconds", (text, seconds) => {
    expect(durationSeconds.parse(text)).toBe(seconds);
  });

  test.each(["", "30", "s", "1.5h", "-1s", "5 m", "1h30m", "5M", 30, null])("%p is none", (text) => {
    expect(durationSeconds.safeParse(text).success).toBe(false);
  });
});
