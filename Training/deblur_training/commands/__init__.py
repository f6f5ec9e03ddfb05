"""One module per sub-command of `deblur-train`: its flags (`add_arguments`) and what it does with them (`run`)."""
