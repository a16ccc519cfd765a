import type { LoadPlan } from "./options";

export interface ShopRequest {
  method: "GET" | "POST";
  path: string;
  body?: string;
}

const items = ["tea", "coffee", "mug"];
const ordersKept = 200;

/** Makes the requests of one customer after another: lists products, places orders, looks at placed orders. */
export class Customers {
  readonly #writes: number;
  readonly #readBacks: number;
  readonly #random: () => number;
  readonly #orders: string[] = [];
  #placed = 0;

  constructor(plan: Pick<LoadPlan, "writes" | "readBacks">, random: () => number = Math.random) {
    this.#writes = plan.writes;
    this.#readBacks = plan.readBacks;
    this.#random = random;
  }

  next(): ShopRequest {
    const draw = this.#random();
    if (draw < this.#writes) {
      this.#placed++;
      const order = {
        customer: `customer-${this.#placed % 1000}`,
        item: items[this.#placed % items.length],
        quantity: 1 + (this.#placed % 3),
      };
      return { method: "POST", path: "/orders", body: JSON.stringify(order) };
    }
    const id = this.#orders[Math.floor(this.#random() * this.#orders.length)];
    if (draw < this.#writes + this.#readBacks && id !== undefined) {
      return { method: "GET", path: `/orders/${encodeURIComponent(id)}` };
    }
    return { method: "GET", path: "/products" };
  }

  /** Remembers the order in the answer to a POST, so that later requests read it back, from whichever version. */
  answered(request: ShopRequest, status: number, body: string): void {
    if (request.method !== "POST" || status !== 201) {
      return;
    }
    const id = orderId(body);
    if (id === undefined) {
      return;
    }
    if (this.#orders.length < ordersKept) {
      this.#orders.push(id);
    } else {
      this.#orders[this.#placed % ordersKept] = id;
    }
  }
}

function orderId(body: string): string | undefined {
  try {
    const order: unknown = JSON.parse(body);
    if (typeof order === "object" && order !== null && "id" in order) {
      return typeof order.id === "string" || typeof order.id === "number" ? String(order.id) : undefined;
    }
  } catch {
    // An answer that is no JSON names no order.
  }
  return undefined;
}
