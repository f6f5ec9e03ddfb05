/** The help page in each language: sections of a heading and its paragraphs; `…` is what is typed or pressed. */
export const help = {
    en: {
        title: "Help",
        sections: [
        ["What it does",
            "It sharpens photos that were blurred because the camera shook or something moved. It does not enlarge, "
            + "it does not invent what is not there, and strong defocus or noise are other problems.",
            "Parts that are sharp already stay as they are. Small text and faces may come out wrong: compare before "
            + "you use a result. Your own files are never changed."],
        ["Where your photos go",
            "To the service that this page comes from, and nowhere else. It keeps results for a while and then "
            + "deletes them. Photos and results are also kept in this browser, so that a reload loses nothing, "
            + "until you press Remove."],
        ["Formats",
            "JPEG and PNG are sent as they are; size, orientation, colour profile, camera data and 16 bit stay. "
            + "WebP, AVIF and what else this browser can open is decoded here first: camera data and date are lost "
            + "then. HEIC works in Safari."],
        ["Keys",
            "On the photo: `+` and `-` zoom, arrows move, `0` fits, `1` shows pixel by pixel, `S` side by side, `L` "
            + "loupe, `O` held shows the original. On the divider: arrows, `Home`, `End`. In the row of photos: "
            + "arrows, `Delete`."],
        ["For programs",
            "The whole interface is described in `openapi.yaml`. One photo from a command line:",
            "`curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' {here}deblur -o sharp.jpg`"],
        ["Documents and source",
            "They come with the program: docs/ and README.md in its source, and /usr/local/share/deblur of an "
            + "installation. Whoever runs this service can give you both."],
        ],
    },
    de: {
        title: "Hilfe",
        sections: [
        ["Was es macht",
            "Es schärft Fotos, die unscharf sind, weil die Kamera wackelte oder sich etwas bewegte. Es vergrößert "
            + "nicht, es erfindet nichts, und gegen starke Fehlfokussierung oder Rauschen hilft es nicht.",
            "Was schon scharf ist, bleibt, wie es ist. Kleine Schrift und Gesichter können falsch werden: Bitte "
            + "vergleichen Sie, bevor Sie ein Ergebnis verwenden. Ihre eigenen Dateien werden nie verändert."],
        ["Wohin Ihre Fotos gehen",
            "Zu dem Dienst, von dem diese Seite kommt, sonst nirgendwohin. Er behält Ergebnisse eine Weile und "
            + "löscht sie dann. Fotos und Ergebnisse liegen auch in diesem Browser, damit beim Neuladen nichts "
            + "verloren geht, bis Sie auf „Entfernen“ drücken."],
        ["Formate",
            "JPEG und PNG werden gesendet, wie sie sind; Größe, Ausrichtung, Farbprofil, Kameradaten und 16 Bit "
            + "bleiben. WebP, AVIF und was dieser Browser sonst öffnet, wird hier zuerst decodiert: Kameradaten und "
            + "Datum gehen dabei verloren. HEIC geht in Safari."],
        ["Tasten",
            "Auf dem Foto: `+` und `-` zoomen, Pfeile bewegen, `0` passt ein, `1` zeigt Pixel für Pixel, `S` "
            + "nebeneinander, `L` Lupe, `O` gehalten zeigt das Original. Auf der Trennlinie: Pfeile, `Pos1`, `Ende`. "
            + "In der Reihe der Fotos: Pfeile, `Entf`."],
        ["Für Programme",
            "Die ganze Schnittstelle steht in `openapi.yaml`. Ein Foto von der Kommandozeile:",
            "`curl --data-binary @foto.jpg -H 'Content-Type: image/jpeg' {here}deblur -o scharf.jpg`"],
        ["Dokumente und Quelltext",
            "Sie kommen mit dem Programm: docs/ und README.md im Quelltext, /usr/local/share/deblur einer "
            + "Installation. Wer diesen Dienst betreibt, kann Ihnen beides geben."],
        ],
    },
    fr: {
        title: "Aide",
        sections: [
        ["Ce que cela fait",
            "Les photos floues parce que l’appareil a bougé ou que quelque chose s’est déplacé redeviennent nettes. "
            + "Rien n’est agrandi, rien n’est inventé ; une forte erreur de mise au point ou le bruit sont d’autres "
            + "problèmes.",
            "Ce qui est déjà net reste tel quel. Les petits textes et les visages peuvent être déformés : comparez "
            + "avant d’utiliser un résultat. Vos propres fichiers ne sont jamais modifiés."],
        ["Où vont vos photos",
            "Au service d’où vient cette page, et nulle part ailleurs. Il garde les résultats un moment puis les "
            + "supprime. Photos et résultats restent aussi dans ce navigateur, pour que rien ne se perde au "
            + "rechargement, jusqu’à ce que vous les retiriez."],
        ["Formats",
            "JPEG et PNG sont envoyés tels quels ; taille, orientation, profil de couleur, données de l’appareil et "
            + "16 bits sont gardés. WebP, AVIF et ce que ce navigateur sait ouvrir sont d’abord décodés ici : les "
            + "données de l’appareil et la date se perdent alors. Le HEIC fonctionne dans Safari."],
        ["Touches",
            "Sur la photo : `+` et `-` zooment, les flèches déplacent, `0` ajuste, `1` montre pixel par pixel, `S` "
            + "côte à côte, `L` loupe, `O` maintenu montre l’original. Sur la séparation : flèches, `Début`, `Fin`. "
            + "Dans la rangée de photos : flèches, `Suppr`."],
        ["Pour les programmes",
            "Toute l’interface est décrite dans `openapi.yaml`. Une photo depuis une ligne de commande :",
            "`curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' {here}deblur -o nette.jpg`"],
        ["Documents et code source",
            "Ils viennent avec le programme : docs/ et README.md dans son code source, /usr/local/share/deblur d’une "
            + "installation. La personne qui gère ce service peut vous donner les deux."],
        ],
    },
};
