import { runApi } from "../../shop/api";
import { notedOrders } from "../../shop/orders";
import { productRoute } from "../../shop/products";

void runApi({ orders: notedOrders, routes: (database) => [productRoute(database)] });
