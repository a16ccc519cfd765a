import { runApi } from "../../shop/api";
import { contractedOrders } from "../../shop/customers";
import { productRoute } from "../../shop/products";

void runApi({ orders: contractedOrders, routes: (database) => [productRoute(database)] });
