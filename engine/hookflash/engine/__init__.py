"""The engine: deciders, actors, journal, views, edges and server of hookflash."""
