"""Names of the sample shop's many people and companies: common ones of the north, so that few are alike."""

from typing import Final

GIVEN: Final = {
    "NO": "Ingrid Håkon Solveig Øystein Astrid Bjørn Liv Sindre Åse Torstein Máret Niillas Kari Ola Nora Jakob"
    " Emma Lukas Sofie Filip Ida Magnus Thea Henrik Hanne Lars Silje Eirik Marte Jonas Guro Tor Ragnhild"
    " Knut Vilde Aslak Unni Geir",
    "SE": "Elsa Göran Märta Björn Åsa Örjan Linnéa Sixten Ebba Håkan Alice Lars Maja Erik Astrid Karl Wilma"
    " Johan Saga Nils Ellen Anders Tove Mats Freja Oskar Klara Gustav Signe Viktor Agnes Elias Ylva"
    " Torsten Majken Axel Hedda Folke",
    "DK": "Søren Freja Jørgen Maja Åge Signe Bjarke Lærke Mette Anders Sofie Rasmus Ida Mikkel Clara Kasper Alma Emil",
    "FI": "Aino Väinö Jarkko Päivi Eero Kyllikki Ilmari Satu Helmi Mikko Aada Antti Sanni Juhani Eevi Olli Kerttu Timo",
    "IS": "Þóra Guðrún Björk Ægir Sigríður Jón Anna Ólafur Kristín Gunnar Helga Einar Katrín Stefán",
    "DE": "Jürgen Anneliese Käthe Sören Grete Matthäus Hannah Paul Mia Leon Emilia Jonas Klara Felix Ida Moritz"
    " Lena Emil",
    "PL": "Agnieszka Łukasz Małgorzata Paweł Zofia Stanisław Julia Jakub Maja Szymon Hanna Filip Lena Jan"
    " Alicja Antoni",
    "GB": "Fiona Alasdair Niamh Rhys Siobhán Callum Isla Jack Ava Harry Grace Oliver Freya George Ella Arthur"
    " Mairi Owen",
}

FAMILY: Final = {
    "NO": "Solheim Bakken Nygård Tørresen Sæther Eira Hætta Skjelbred Lødøen Fjellanger Hansen Johansen Olsen"
    " Larsen Andersen Pedersen Nilsen Berg Haugen Hagen Lie Moen Strand Dahl Lund Solberg Eide Myhre Aas"
    " Rønning Utsi Sara Vik",
    "SE": "Lindqvist Åkesson Sjöberg Öberg Hägglund Nordström Blomqvist Ström Andersson Johansson Karlsson"
    " Nilsson Eriksson Larsson Olsson Persson Svensson Lindberg Holmgren Engström Wikström Forsberg"
    " Sandström Nyström Kuoljok Sundin Hedlund",
    "DK": "Sørensen Kjær Ångstrøm Bæk Nørgaard Møller Jensen Nielsen Hansen Pedersen Christensen Larsen Rasmussen Holm",
    "FI": "Mäkinen Järvi Hämäläinen Korpela Väisänen Lehtonen Korhonen Virtanen Nieminen Heikkinen Koskinen"
    " Salonen Aikio",
    "IS": "Jónsdóttir Þorsteinsson Sigurðardóttir Ægisson Gunnarsson Einarsdóttir Ólafsson Stefánsdóttir Helgason",
    "DE": "Müller Grünwald Weiß Schäfer Köhler Schmidt Schneider Fischer Weber Wagner Becker Hoffmann Koch"
    " Richter Klein",
    "PL": "Wójcik Kowalczyk Żuławski Dąbrowska Wiśniewska Nowak Kamiński Lewandowski Zieliński Szymański Kozłowski",
    "GB": "MacLeod O'Connor Ap-Rhys Fraser-Hyde Byrne Smith Jones Taylor Brown Wilson Evans Roberts Murray"
    " Campbell Reid",
}
COMPANY_FIRST: Final = (
    "Fjell",
    "Nord",
    "Polar",
    "Skog",
    "Vind",
    "Snö",
    "Bre",
    "Sápmi ",
    "Arktis ",
    "Lofoten ",
    "Kiruna ",
    "Kebnekaise ",
    "Jotunheim ",
    "Vesterålen ",
)
COMPANY_SECOND: Final = (
    ("guider", "Guiding"),
    ("hotell", "Lodging"),
    ("stuga", "Lodging"),
    ("resor", "Travel"),
    ("skola", "Education"),
    ("räddning", "Public"),
    ("film", "Media"),
    ("bygg", "Construction"),
    ("ren", "Herding"),
    ("camping", "Lodging"),
)
