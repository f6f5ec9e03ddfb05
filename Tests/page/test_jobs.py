"""Jobs that wait, break off, end badly or are called off."""

import time

from job_case import JobCase


class JobTests(JobCase):
    expected_statuses = (404, 409, 410, 422)

    def test_asks_for_a_job_and_tells_place_and_time(self):
        self.service.behaviour.seconds_per_tile = 0.4
        self.start(stops_after="queued")
        self.wait_status("Waiting")
        self.assertIn("1 photo ahead of yours, about", self.browser.text("#status-detail"))
        (_, headers), = self.posts()
        self.assertEqual(headers["Prefer"], "respond-async")
        self.assertEqual(headers["Content-Type"], "image/jpeg")
        self.service.behaviour.seconds_per_tile = 0.02
        self.go_on(stops_after=3)
        self.wait_status("Deblurring")
        self.browser.wait(lambda: "3 of 12 parts" in self.browser.text("#status-detail"))
        self.browser.wait(lambda: "25" in self.browser.driver.title, message="the title tells no per cent")
        self.go_on()
        self.browser.wait_state("done")
        self.assertEqual(self.service.seen("DELETE", "/"), [])

    def test_options_become_parameters(self):
        self.choose()
        self.browser.click("#options-details summary")
        self.browser.find("#exit").send_keys("2 of 3")
        self.browser.find("#deadline").send_keys("At most 15")
        self.browser.find("#format").send_keys("JPEG")
        self.browser.find("#quality").send_keys("85")
        self.browser.click("#metadata")
        self.browser.click("#deblur")
        self.browser.wait_state("done")
        (path, _), = self.posts()
        self.assertEqual(path, "/deblur?exit=2&deadline=15&format=jpeg&quality=85&metadata=strip")

    def test_a_quality_out_of_range_is_not_sent(self):
        self.choose()
        self.browser.click("#options-details summary")
        self.browser.find("#quality").send_keys("101")
        self.browser.click("#deblur")
        time.sleep(0.3)
        self.assertEqual(self.posts(), [])
        self.assertEqual(self.browser.run("return document.activeElement.id"), "quality")

    def test_effort_is_offered_only_where_it_differs(self):
        # The third sub-decoder of the double's model gains nothing.
        texts = self.browser.run("return [...document.getElementById('exit').options].map((o) => [o.value, o.text])")
        self.assertEqual(texts, [["adaptive", "As each part needs"], ["1", "1 of 3 (quickest)"], ["2", "2 of 3"],
                                 ["4", "3 of 3 (most thorough)"]])

    def test_finished_tiles_lift_the_veil(self):
        self.start(stops_after=2)
        self.browser.wait(lambda: self.browser.text("#status-detail").startswith("2 of"))
        box = self.browser.run("""const s = document.getElementById("stage").getBoundingClientRect();
            return [s.width, s.height]""")
        scale = min((box[0] - 40) / 1200, (box[1] - 40) / 900)
        left, top = (box[0] - 1200 * scale) / 2, (box[1] - 900 * scale) / 2
        points = [(left + 150 * scale, top + 100 * scale), (left + 150 * scale, top + 830 * scale)]
        self.browser.wait_drawn()
        clear, veiled = (sum(self.browser.pixel(*point)[:3]) for point in points)
        self.browser.click("#cancel")
        self.browser.wait_state("ready")
        self.browser.wait_drawn()
        self.assertAlmostEqual(sum(self.browser.pixel(*points[0])[:3]), clear, delta=6)
        self.assertGreater(sum(self.browser.pixel(*points[1])[:3]), veiled * 1.5)

    def test_cancel_deletes_the_job(self):
        self.start(stops_after=1)
        self.wait_status("Deblurring")
        self.browser.click("#cancel")
        self.browser.wait_state("ready")
        self.browser.wait(lambda: self.job().state == "cancelled")
        self.assertEqual([path for path, _ in self.service.seen("DELETE", "/")], [f"/jobs/{self.job().id}"])
        self.assertEqual(self.browser.run("return document.activeElement.id"), "deblur", "the focus is not lost")

    def test_reload_takes_the_job_up_again(self):
        self.start(stops_after=1)
        self.wait_status("Deblurring")
        self.browser.driver.refresh()
        self.wait_status("Deblurring")
        self.go_on()
        self.assertEqual(self.browser.text("#file-name"), "street.jpg")
        self.browser.wait_state("done")
        self.assertEqual(len(self.posts()), 1, "the photo is not sent again")
        self.assertTrue(self.browser.is_shown("#divider"), "the photo was kept for the comparison")

    def test_a_link_to_a_job_shows_its_result_alone(self):
        self.start()
        self.browser.wait_state("done")
        self.browser.forget()
        self.browser.open(f"#job={self.job().id}")
        self.browser.wait_state("done")
        for selector in ("#divider", "#again", "#strength-row"):
            self.assertFalse(self.browser.is_shown(selector), selector)
        self.assertTrue(self.browser.is_shown("#download"))
        self.assertEqual(self.browser.run("return location.hash"), "")

    def test_a_link_to_a_job_that_is_gone_says_so(self):
        self.browser.open("#job=unknown")
        self.expect_error("This result is not here", "It may have been removed")

    def test_a_stream_that_breaks_off_is_resumed(self):
        self.service.behaviour.cut_events_after = 3
        self.deblur()
        streams = self.service.seen("GET", f"/jobs/{self.job().id}/events")
        last = [headers.get("Last-Event-ID") for _, headers in streams]
        self.assertGreater(len(last), 3)
        self.assertEqual(last[:3], [None, "3", "6"])

    def test_without_a_stream_it_polls(self):
        self.service.behaviour.events = False
        self.start(stops_after=1)
        self.wait_status("Deblurring")
        self.go_on()
        self.browser.wait_state("done")
        self.assertEqual(len(self.service.seen("GET", f"/jobs/{self.job().id}/events")), 1)

    def test_a_failed_job_shows_why(self):
        self.service.behaviour.job_error = {
            "title": "x", "status": 422, "code": "bad_image", "detail": "Row 410 is missing.", "request_id": "abc"}
        self.start()
        self.expect_error("This file cannot be read as a photo", "Row 410 is missing.")
        self.assertIn("abc", self.browser.text("#error-codes"))

    def test_nothing_to_sharpen_is_said(self):
        self.service.behaviour.exits = 0
        self.deblur()
        self.assertEqual(self.browser.text("#outcome-text"), "Nothing to sharpen was found.")
        self.assertFalse(self.browser.is_shown("#strength-row"))
        self.assertTrue(self.browser.is_shown("#download"))

    def test_a_time_that_was_too_short_is_said(self):
        self.service.behaviour.deadline = "shallower=3, untouched=1"
        self.deblur()
        self.assertEqual(self.browser.text("#outcome-text"), "The time was too short.")
        self.assertIn("4 of 12 parts are sharpened less", self.browser.text("#outcome-detail"))

    def test_a_job_that_the_service_has_lost_is_sent_again(self):
        self.service.behaviour.cut_events_after = 4
        self.start(stops_after=3)
        self.wait_status("Deblurring")
        self.service.jobs.clear()
        self.go_on()
        self.browser.wait(lambda: len(self.posts()) == 2)
        self.browser.wait_state("done")
        self.assertTrue(self.browser.is_shown("#divider"))

    def test_a_service_that_loses_a_photo_again_and_again_is_let_be(self):
        self.service.behaviour.forgets_jobs = True
        self.choose()
        self.browser.click("#deblur")
        self.expect_error("This result is not here")
        self.assertEqual(len(self.posts()), 6)
        self.service.behaviour.forgets_jobs = False
        self.browser.click("#retry")
        self.browser.wait_state("done")
