"""What several demos use. Nothing here is to be started; the demos are the files one folder up."""
