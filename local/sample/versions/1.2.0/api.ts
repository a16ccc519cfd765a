import { runApi } from "../../shop/api";
import { notedOrders } from "../../shop/orders";
import { failEvery } from "../../shop/regression";

void runApi({ orders: notedOrders, intercept: failEvery(20) });
