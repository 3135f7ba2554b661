"""What every dock is made of: inputs, a form from a verb, Run, Cancel and a message."""
