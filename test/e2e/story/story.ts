import { World } from "./world";

const longestStorySeconds = 1200;

/** A test on the real cluster with a world of its own; when it fails, the error says where its log is. */
export function story(title: string, tell: (world: World) => Promise<void>): void {
  test(title, () => inWorld(tell), longestStorySeconds * 1000);
}

/** One story per case; `%s` or `%i` in the title stands for it, or `$field` for a field of it. */
story.each =
  <Case>(cases: readonly Case[]) =>
  (title: string, tell: (world: World, given: Case) => Promise<void>): void => {
    test.each(cases as readonly (Case & object)[])(
      title,
      (given) => inWorld((world) => tell(world, given)),
      longestStorySeconds * 1000,
    );
  };

async function inWorld(tell: (world: World) => Promise<void>): Promise<void> {
  const world = new World();
  let failed = true;
  try {
    await tell(world);
    failed = false;
  } catch (error) {
    if (error instanceof Error) {
      error.message += `\n\nEverything that Pulumi printed: ${world.log}`;
    }
    throw error;
  } finally {
    await world.remove(failed);
  }
}
