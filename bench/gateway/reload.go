package main

import "flag"

func reloadMain(args []string) { flag.NewFlagSet("reload", flag.ExitOnError) }
