import { runApi } from "../../shop/api";
import { plainOrders } from "../../shop/orders";

void runApi({ orders: plainOrders });
