"""The Genes dock: genes and pathways of the regions on the screen; and patients × genes."""
