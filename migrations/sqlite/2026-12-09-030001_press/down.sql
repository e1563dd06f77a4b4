DROP TABLE page_views;
DROP TABLE press_items;
