DROP TABLE exposures;
DROP TABLE shown_lists;
