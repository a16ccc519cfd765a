/** What the runner prints during a test. */
export function printed(): { text(): string } {
  const write = (stream: NodeJS.WriteStream) => jest.spyOn(stream, "write").mockReturnValue(true);
  const spies = [write(process.stdout), write(process.stderr)];
  return { text: () => spies.flatMap(({ mock }) => mock.calls.map(([chunk]) => String(chunk))).join("") };
}
