import { plainOrders } from "../../shop/orders";
import { runWorker } from "../../shop/worker";

void runWorker(plainOrders);
