const timeoutMilliseconds = 5_000;

/** A web service did not give an answer that can be used; the message says why, and names the service. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

export interface JsonAnswer {
  status: number;
  body: unknown;
}

/**
 * Asks a service below its configured address for JSON. Redirects are not followed: they lead to a login page, or
 * turn a POST into a GET.
 * @param service name of the service, for the person who reads the message
 * @throws {NoAnswer} when it cannot be reached in time, redirects, or answers with something that is not JSON.
 */
export async function requestJson(
  service: string,
  address: string,
  path: string,
  init: RequestInit = {},
): Promise<JsonAnswer> {
  const url = new URL(path, address.endsWith("/") ? address : `${address}/`);
  if (url.username !== "" || url.password !== "") {
    throw new NoAnswer(`${service} at ${url.host} is not asked: its address must not hold credentials`);
  }
  const cannotBeRead = (why: string) => new NoAnswer(`${service} at ${address} cannot be read: ${why}`);
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      ...init,
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMilliseconds),
    });
    text = await response.text();
  } catch (error) {
    throw cannotBeRead(causeOf(error as Error));
  }
  const { status } = response;
  if (status >= 300 && status < 400) {
    throw cannotBeRead(`it redirects to ${response.headers.get("location") ?? "nowhere"} (HTTP ${status})`);
  }
  try {
    return { status, body: JSON.parse(text) };
  } catch {
    throw cannotBeRead(`it answers HTTP ${status} with something that is not JSON`);
  }
}

/** `fetch failed` says nothing; what it was caused by does. */
function causeOf({ message, cause }: Error): string {
  const { message: because, code } = (cause ?? {}) as Partial<NodeJS.ErrnoException>;
  return because || code || message;
}
