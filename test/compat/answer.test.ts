import { parseAnswer } from "../../compat/runner/answer";

const answer = '{"readable": false, "failedChecks": ["a"]}';

describe("a reader's answer", () => {
  test.each([answer, `a log\n${answer}\n`, `{"level": "info"}\n${answer}\n\n  \n`])(
    "is its last line: %j",
    (output) => {
      expect(parseAnswer(output)).toEqual({ readable: false, failedChecks: ["a"], problem: null });
    },
  );

  test.each([
    ["", "printed nothing"],
    ["\n \n", "printed nothing"],
    ["ok", '"ok"'],
    [`${answer}\nbye`, '"bye"'],
    ['{"readable": "yes", "failedChecks": []}', "readable"],
    ['{"readable": true}', "readable"],
    [`x${"y".repeat(1000)}`, "…"],
  ])("is none in %j", (output, problem) => {
    const parsed = parseAnswer(output);
    expect(parsed).toMatchObject({
      readable: false,
      failedChecks: [],
      problem: expect.stringContaining(problem),
    });
    expect(parsed.problem!.length).toBeLessThan(400);
  });
});
