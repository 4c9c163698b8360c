"""The narrow waist: tallies of very many pairs as columns, several rules answered from one reading, and the
changes that say whose tally has to be taken again."""
