import { runApi } from "../../shop/api";
import { notedOrders } from "../../shop/orders";

void runApi({ orders: notedOrders });
