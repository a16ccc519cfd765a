process.stderr.write("cannot start: the price list of this release is empty\n");
process.exit(1);
