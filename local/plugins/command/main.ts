import { serve } from "../protocol/server";
import { commandPlugin } from "./provider";

serve(commandPlugin(), process.env.RELEASE_CHANNELS_PLUGIN_VERSION ?? "");
