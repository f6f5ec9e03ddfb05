"""Jobs that wait, break off, end badly or are called off; services that are busy, old or locked."""

import time

from selenium.webdriver.common.keys import Keys

from page_case import PageCase


class JobCase(PageCase):
    def start(self):
        self.choose()
        self.browser.click("#deblur")
        self.browser.wait(lambda: self.service.jobs, message="no job was made")

    def job(self):
        return list(self.service.jobs.values())[-1]

    def wait_status(self, text):
        self.browser.wait(lambda: self.browser.text("#status") == text, message=f"status never became {text}")

    def posts(self):
        return self.service.seen("POST", "/deblur")


class JobTests(JobCase):
    expected_statuses = (404, 409, 410, 422)

    def test_asks_for_a_job_and_tells_place_and_time(self):
        # Long enough to be seen where a busy machine gives the browser a look now and then.
        self.service.behaviour.queue_seconds, self.service.behaviour.seconds_per_tile = 3, 0.4
        self.start()
        self.wait_status("Waiting")
        self.assertIn("1 photo ahead of yours, about", self.browser.text("#status-detail"))
        (_, headers), = self.posts()
        self.assertEqual(headers["Prefer"], "respond-async")
        self.assertEqual(headers["Content-Type"], "image/jpeg")
        self.wait_status("Deblurring")
        self.browser.wait(lambda: " of 12 parts" in self.browser.text("#status-detail"))
        self.assertIn("%", self.browser.driver.title)
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
        self.service.behaviour.seconds_per_tile = 0.4
        self.start()
        self.wait_status("Deblurring")
        self.browser.wait(lambda: self.browser.text("#status-detail").startswith("2 of"))
        box = self.browser.run("""const s = document.getElementById("stage").getBoundingClientRect();
            return [s.width, s.height]""")
        scale = min((box[0] - 40) / 1200, (box[1] - 40) / 900)
        left, top = (box[0] - 1200 * scale) / 2, (box[1] - 900 * scale) / 2
        points = [(left + 150 * scale, top + 100 * scale), (left + 150 * scale, top + 830 * scale)]
        time.sleep(0.1)
        clear, veiled = (sum(self.browser.pixel(*point)[:3]) for point in points)
        self.browser.click("#cancel")
        self.browser.wait_state("ready")
        time.sleep(0.3)
        self.assertAlmostEqual(sum(self.browser.pixel(*points[0])[:3]), clear, delta=6)
        self.assertGreater(sum(self.browser.pixel(*points[1])[:3]), veiled * 1.5)

    def test_cancel_deletes_the_job(self):
        self.service.behaviour.seconds_per_tile = 2
        self.start()
        self.wait_status("Deblurring")
        self.browser.click("#cancel")
        self.browser.wait_state("ready")
        self.browser.wait(lambda: self.job().state == "cancelled")
        self.assertEqual([path for path, _ in self.service.seen("DELETE", "/")], [f"/jobs/{self.job().id}"])
        self.assertEqual(self.browser.run("return document.activeElement.id"), "deblur", "the focus is not lost")

    def test_reload_takes_the_job_up_again(self):
        self.service.behaviour.seconds_per_tile = 0.4
        self.start()
        self.wait_status("Deblurring")
        self.browser.driver.refresh()
        self.wait_status("Deblurring")
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
        self.service.behaviour.seconds_per_tile = 0.3
        self.start()
        self.wait_status("Deblurring")
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
        self.service.behaviour.seconds_per_tile = 0.4
        self.service.behaviour.cut_events_after = 4
        self.start()
        self.wait_status("Deblurring")
        self.service.jobs.clear()
        self.browser.wait(lambda: len(self.posts()) == 2)
        self.browser.wait_state("done", 40)
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


class BusyServiceTests(JobCase):
    expected_statuses = (401, 404, 429, 501, 503, 507)

    def test_a_busy_service_is_tried_again_in_time_with_its_ticket(self):
        self.service.behaviour.refusals = [
            (429, "queue_full", "The queue is full", "80 tiles are waiting; the queue takes 64.",
             {"Retry_After": "2", "Deblur_Ticket": "abc"})]
        self.choose()
        self.browser.click("#deblur")
        started = time.monotonic()
        self.browser.wait(lambda: "The service is busy. Trying again in" in self.browser.text("#status-detail"))
        self.browser.wait_state("done")
        self.assertGreaterEqual(time.monotonic() - started, 2)
        self.assertEqual([headers.get("Deblur-Ticket") for _, headers in self.posts()], [None, "abc"])

    def test_waiting_for_a_busy_service_can_be_stopped(self):
        self.service.behaviour.refusals = [(503, "draining", "x", "", {"Retry_After": "1"})]
        self.choose()
        self.browser.click("#deblur")
        self.browser.wait(lambda: "The service is restarting" in self.browser.text("#status-detail"))
        self.browser.click("#cancel")
        self.browser.wait_state("ready")
        time.sleep(1.8)
        self.assertEqual(len(self.posts()), 1)

    def test_a_full_disk_takes_the_photo_without_a_job(self):
        self.service.behaviour.refusals = [(507, "insufficient_storage", "x", "The state folder is full.", {})]
        self.deblur()
        self.assertEqual([headers.get("Prefer") for _, headers in self.posts()], ["respond-async", None])

    def test_services_without_jobs(self):
        for jobs, posts in ((False, 1), ("refused", 2)):
            with self.subTest(jobs=jobs):
                self.service.behaviour.jobs = jobs
                self.service.requests.clear()
                self.deblur()
                self.assertEqual(len(self.posts()), posts)
                self.assertTrue(self.browser.is_shown("#divider"))
                self.assertFalse(self.browser.is_shown("#heat"))
                self.assertIn("7 parts sharpened, 1 left as it was",
                              self.browser.text("#outcome-detail"))
                self.browser.click("#remove")
                self.browser.wait_state("empty")

    def test_cancel_without_jobs_closes_the_request(self):
        self.service.behaviour.jobs = False
        self.service.behaviour.seconds_per_tile = 0.5
        self.choose()
        self.browser.click("#deblur")
        self.wait_status("Working")
        self.browser.click("#cancel")
        self.browser.wait_state("ready", 4)

    def test_a_locked_service_asks_for_its_key_before_the_upload(self):
        self.service.behaviour.key = "right"
        self.browser.open()
        self.browser.choose(self.photo)
        for key in ("wrong", "right"):
            self.browser.wait(lambda: self.browser.is_shown("#key-dialog"))
            self.assertEqual(self.browser.run("return document.activeElement.id"), "key")
            self.assertEqual(self.browser.is_shown("#key-refused"), key == "right")
            self.browser.find("#key").send_keys(key + Keys.ENTER)
            time.sleep(0.3)
        self.browser.wait_state("ready")
        self.assertEqual(self.posts(), [], "nothing was sent before the key")
        self.browser.click("#deblur")
        self.browser.wait_state("done")
        self.assertEqual(self.browser.run("return localStorage.getItem('deblur-key')"), None)
        streams = self.service.seen("GET", f"/jobs/{self.job().id}/events")
        self.assertEqual(streams[0][1]["Authorization"], "Bearer right")
        self.browser.open()
        self.browser.wait_state("done")
        self.assertFalse(self.browser.is_shown("#key-dialog"), "the tab remembers it")

    def test_no_key_is_an_answer(self):
        self.service.behaviour.key = "right"
        self.browser.open()
        self.browser.choose(self.photo)
        self.browser.wait(lambda: self.browser.is_shown("#key-dialog"))
        self.browser.find("#key").send_keys(Keys.ESCAPE)
        self.browser.wait_state("ready")
        self.browser.click("#deblur")
        self.browser.wait(lambda: self.browser.is_shown("#key-dialog"))
        self.browser.find("#key").send_keys(Keys.ESCAPE)
        self.expect_error("This service needs a key")


class LostConnectionTests(JobCase):
    """The service goes away and comes back on the same port."""

    def tearDown(self):
        # That connections fail is the point here; the policy holds all the same.
        self.assertEqual(self.browser.run("return window.__violations"), [])

    def offline(self, value):
        self.browser.driver.execute_cdp_cmd("Network.enable", {})
        self.browser.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {
            "offline": value, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1})

    def test_an_unreachable_service_is_waited_for(self):
        self.choose()
        self.offline(True)
        try:
            self.browser.click("#deblur")
            self.browser.wait(lambda: "The service cannot be reached" in self.browser.text("#status-detail"))
        finally:
            self.offline(False)
        self.browser.wait_state("done")

    def test_a_job_outlives_the_connection(self):
        self.service.behaviour.seconds_per_tile = 0.25
        self.service.behaviour.cut_events_after = 5
        self.start()
        self.wait_status("Deblurring")
        self.offline(True)
        try:
            self.browser.wait(lambda: "Connection lost" in self.browser.text("#status-detail"))
        finally:
            self.offline(False)
        self.browser.wait_state("done", 40)
        self.assertEqual(len(self.posts()), 1)
