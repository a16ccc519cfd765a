import { contractedOrders } from "../../shop/customers";
import { runWorker } from "../../shop/worker";

void runWorker(contractedOrders);
