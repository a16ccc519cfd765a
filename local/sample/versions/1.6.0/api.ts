import { runApi } from "../../shop/api";
import { expandedOrders } from "../../shop/customers";
import { productRoute } from "../../shop/products";

void runApi({ orders: expandedOrders, routes: (database) => [productRoute(database)] });
