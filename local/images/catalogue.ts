/** One image with an application of the sample product: a bundled program and files beside it. */
export interface Application {
  name: string;
  tag: string;
  /** The program's source, relative to the project. */
  entry: string;
  /** Where the bundle is in the image. */
  program: string;
  /** Other files: path in the image → path relative to the project. */
  files: Record<string, string>;
  /** It starts PostgreSQL's own client programs. */
  postgresPrograms?: true;
}

function api(tag: string): Application {
  const entry = `local/sample/versions/${tag}/api.ts`;
  return { name: "local/shop-api", tag, entry, program: "/app/api.js", files: {} };
}

function worker(tag: string): Application {
  const entry = `local/sample/versions/${tag}/worker.ts`;
  return { name: "local/shop-worker", tag, entry, program: "/app/worker.js", files: {} };
}

function migrate(tag: string, migrations: string[]): Application {
  const files = migrations.map((file) => [`/app/migrations/${file}`, `local/sample/migrations/sql/${file}`]);
  return {
    name: "local/shop-migrate",
    tag,
    entry: "local/sample/migrations/migrate.ts",
    program: "/app/migrate.js",
    files: Object.fromEntries(files),
  };
}

const backup: Application = {
  name: "local/shop-backup",
  tag: "1",
  entry: "local/sample/backup/main.ts",
  program: "/app/backup.js",
  files: {},
  postgresPrograms: true,
};

const first = "0001_orders-and-products.sql";
const note = "0002_order-note.sql";
const customers = "0003_customers.sql";
const customerIds = "0004_customer-ids.sql";
const customerIdRequired = "0005_customer-id-required.sql";
const dropCustomer = "0006_drop-customer.sql";
const failing = "9001_order-total.sql";

/** All images of the sample product; `local/sample/README.md` says what each version is for. */
export const applications: Application[] = [
  backup,
  ...["1.0.0", "1.1.0", "1.2.0", "1.4.0", "1.5.0", "1.6.0", "1.7.0", "1.8.0"].map(api),
  ...["1.0.0", "1.1.0", "1.8.0"].map(worker),
  migrate("1.0.0", [first]),
  migrate("1.1.0", [first, note]),
  migrate("1.3.0", [first, note, failing]),
  migrate("1.6.0", [first, note, customers, customerIds]),
  migrate("1.7.0", [first, note, customers, customerIds, customerIdRequired]),
  migrate("1.8.0", [first, note, customers, customerIds, customerIdRequired, dropCustomer]),
];
