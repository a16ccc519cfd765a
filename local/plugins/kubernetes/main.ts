import { serve } from "../protocol/server";
import { kubernetesPlugin } from "./provider";

serve(kubernetesPlugin(), process.env.RELEASE_CHANNELS_PLUGIN_VERSION ?? "");
