"""Services that are busy, old, locked, or away."""

import time

from selenium.webdriver.common.keys import Keys

from job_case import JobCase


class BusyServiceTests(JobCase):
    expected_statuses = (401, 404, 429, 501, 503, 507)

    def test_a_busy_service_is_tried_again_in_time_with_its_ticket(self):
        self.service.behaviour.refusals = [
            (429, "queue_full", "The queue is full", "80 tiles are waiting; the queue takes 64.",
             {"Retry_After": "4", "Deblur_Ticket": "abc"})]
        self.choose()
        started = time.monotonic()
        self.browser.click("#deblur")
        self.browser.wait(lambda: "The service is busy. Trying again in" in self.browser.text("#status-detail"))
        self.browser.wait_state("done")
        self.assertGreaterEqual(time.monotonic() - started, 4)
        self.assertEqual([headers.get("Deblur-Ticket") for _, headers in self.posts()], [None, "abc"])

    def test_waiting_for_a_busy_service_can_be_stopped(self):
        self.service.behaviour.refusals = [(503, "draining", "x", "", {"Retry_After": "4"})]
        self.choose()
        self.browser.click("#deblur")
        self.browser.wait(lambda: "The service is restarting" in self.browser.text("#status-detail"))
        self.browser.click("#cancel")
        self.browser.wait_state("ready")
        time.sleep(4.8)
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
        self.service.behaviour.seconds_per_tile = 5
        self.choose()
        self.browser.click("#deblur")
        self.wait_status("Working")
        self.browser.click("#cancel")
        self.browser.wait_state("ready")

    def test_a_locked_service_asks_for_its_key_before_the_upload(self):
        self.service.behaviour.key = "right"
        self.browser.open()
        self.browser.choose(self.photo)
        for key in ("wrong", "right"):
            self.browser.wait(lambda: self.browser.is_shown("#key-dialog"))
            self.assertEqual(self.browser.run("return document.activeElement.id"), "key")
            self.assertEqual(self.browser.is_shown("#key-refused"), key == "right")
            asked = len(self.service.requests)
            self.browser.find("#key").send_keys(key + Keys.ENTER)
            self.browser.wait(lambda: len(self.service.requests) > asked)
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
        self.service.behaviour.cut_events_after = 5
        self.start(stops_after=2)
        self.wait_status("Deblurring")
        self.offline(True)
        self.go_on()
        try:
            self.browser.wait(lambda: "Connection lost" in self.browser.text("#status-detail"))
        finally:
            self.offline(False)
        self.browser.wait_state("done")
        self.assertEqual(len(self.posts()), 1)
