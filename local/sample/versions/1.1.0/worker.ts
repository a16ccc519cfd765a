import { notedOrders } from "../../shop/orders";
import { runWorker } from "../../shop/worker";

void runWorker(notedOrders);
