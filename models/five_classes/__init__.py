"""The five loan classes: matrices by days past due, floors that other facts set, the watch of restructured loans."""
