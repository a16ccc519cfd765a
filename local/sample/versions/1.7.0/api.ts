import { runApi } from "../../shop/api";
import { switchedOrders } from "../../shop/customers";
import { productRoute } from "../../shop/products";

void runApi({ orders: switchedOrders, routes: (database) => [productRoute(database)] });
