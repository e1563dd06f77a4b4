DROP TABLE weights;
