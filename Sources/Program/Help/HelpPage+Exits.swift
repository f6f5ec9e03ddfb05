extension HelpPage {
    static let exits = HelpPage(
        name: "exits",
        text: """
            EXITS
                A photo is cut into tiles of 384 pixels. The network looks at each tile with
                its encoder once and then sends it through a chain of sub-decoders, 1 to K.
                Each can be the last: the tile leaves there with what it has gained so far.
                That place is the tile's exit. Exit 0 means that the tile stays as it came.
                A deeper exit costs more time; how much it gains depends on the tile.

            WHO DECIDES
                adaptive     The default. A classifier guesses how badly the tile is blurred
                             (its degradation class, 0 = hardest), and the exit table says at
                             which sub-decoder a tile of that class leaves.
                1 ... K      --exit 2 (exit=2 in a request): every tile goes through two
                             sub-decoders, whatever the classifier thinks.
                tau          --tau 0.1 (tau=0.1): makes the exit table anew from the gains that
                             are stored in the model. A sub-decoder is worth its time when it
                             gains that many dB on average over its class. Larger means
                             shallower; 0 means that every gain counts.
                exit table   --exit-table 4,4,3,3,2,1: the exits themselves, hardest class
                             first. Beats the model's own.
                deadline     deadline=3 in a request: tiles take shallower exits when they
                             would come too late otherwise.

            WHAT THE MODEL SAYS
                deblur inspect MODEL prints K, the exit table, tau and the gains of each class:

                    exit table      1,1,1,1,0,0 (hardest class first)
                    increments      class 0: +1.619, +0.000, +0.000, +0.000 dB

                Here the four hardest classes leave after the first sub-decoder and the two
                easiest stay as they came. Deeper exits would gain nothing with this model.

            WHAT WAS DONE
                Deblur-Exits: 1=6, 0=2       header of an answer: six tiles left at exit 1, two
                                             stayed as they came
                Deblur-Deadline: shallower=3 three tiles would have gone deeper with more time
                deblur image --report F      class, exit and milliseconds of each tile, as JSON
                GET /jobs/ID/exits           the same of a job; with Accept: image/png a picture
                dry_run=1                    classes, exits and expected seconds, no sharp image

            WHEN NOTHING SEEMS TO HAPPEN
                Deblur-Exits: 0=8 says that the classifier took the whole photo for sharp.
                --exit 1 (exit=1) sends every tile through one sub-decoder all the same.
                A tile whose result is not finite or far off its input is done again at a
                shallower exit; GET /jobs/ID/exits and the metric
                deblur_tile_anomalies_total tell of it.

            YOUR OWN PICTURES
                deblur calibrate --blur DIR --sharp DIR --tau 0.05 measures the gains on your
                own pairs and prints the exit table that follows; --write MODEL stores both.

            EXIT CODES OF THE PROGRAM
                0            done
                1            some input failed; each is named on standard error
                2            wrong usage
            """)
}
