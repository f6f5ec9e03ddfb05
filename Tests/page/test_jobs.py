"""Jobs that wait, break off, end badly or are called off; services that are busy, old or locked."""

import time

from selenium.webdriver.common.keys import Keys

from page_case import PageCase


class JobTests(PageCase):
    expected_statuses = (401, 404, 409, 410, 422, 429, 501, 503, 507)

    def start(self):
        self.choose()
        self.browser.click("#deblur")
        self.browser.wait(lambda: self.service.jobs, message="no job was made")

    def job(self):
        return list(self.service.jobs.values())[-1]

    def setUp(self):
        super().setUp()
        self.service.jobs.clear()

    def wait_status(self, text):
        self.browser.wait(lambda: self.browser.text("#status") == text, message=f"status never became {text}")

    def test_asks_for_a_job_and_tells_place_and_time(self):
        # Long enough to be seen where a busy machine gives the browser a look now and then.
        self.service.behaviour.queue_seconds, self.service.behaviour.seconds_per_tile = 3, 0.4
        self.start()
        self.wait_status("Waiting")
        self.assertIn("1 photo ahead of yours, about", self.browser.text("#status-detail"))
        (_, headers), = self.service.seen("POST", "/deblur")
        self.assertEqual(headers["Prefer"], "respond-async")
        self.assertEqual(headers["Content-Type"], "image/jpeg")
        self.wait_status("Deblurring")
        self.browser.wait(lambda: " of 12 tiles" in self.browser.text("#status-detail"))
        self.assertIn("%", self.browser.driver.title)
        self.browser.wait_state("done")
        self.assertEqual(self.service.seen("DELETE", "/"), [])

    def test_options_become_parameters(self):
        self.choose()
        self.browser.click("#options-details summary")
        self.browser.find("#strength").send_keys(Keys.ARROW_LEFT * 4)
        self.browser.find("#exit").send_keys("Always 2")
        self.browser.find("#format").send_keys("JPEG")
        self.browser.find("#quality").send_keys("85")
        self.browser.click("#metadata")
        self.browser.click("#deblur")
        self.browser.wait_state("done")
        (path, _), = self.service.seen("POST", "/deblur")
        self.assertEqual(path, "/deblur?strength=0.8&exit=2&format=jpeg&quality=85&metadata=strip")

    def test_a_quality_out_of_range_is_not_sent(self):
        self.choose()
        self.browser.click("#options-details summary")
        self.browser.find("#quality").send_keys("101")
        self.browser.click("#deblur")
        time.sleep(0.3)
        self.assertEqual(self.service.seen("POST", "/deblur"), [])
        self.assertEqual(self.browser.run("return document.activeElement.id"), "quality")

    def test_finished_tiles_lift_the_veil(self):
        self.service.behaviour.seconds_per_tile = 0.4
        self.start()
        self.wait_status("Deblurring")
        self.browser.wait(lambda: self.browser.text("#status-detail").startswith("2 of"))
        box = self.browser.run("""const s = document.getElementById("stage").getBoundingClientRect();
            return [s.width, s.height]""")
        scale = min((box[0] - 40) / 1200, (box[1] - 40) / 900)
        left, top = (box[0] - 1200 * scale) / 2, (box[1] - 900 * scale) / 2
        time.sleep(0.1)
        clear = sum(self.browser.pixel(left + 150 * scale, top + 100 * scale)[:3])
        veiled = sum(self.browser.pixel(left + 150 * scale, top + 830 * scale)[:3])
        self.browser.click("#cancel")
        self.browser.wait_state("ready")
        time.sleep(0.1)
        self.assertEqual(sum(self.browser.pixel(left + 150 * scale, top + 100 * scale)[:3]), clear)
        self.assertGreater(sum(self.browser.pixel(left + 150 * scale, top + 830 * scale)[:3]), veiled * 1.5)

    def test_cancel_deletes_the_job(self):
        self.service.behaviour.seconds_per_tile = 2
        self.start()
        self.wait_status("Deblurring")
        self.browser.click("#cancel")
        self.browser.wait_state("ready")
        self.assertEqual(self.job().state, "cancelled")
        self.assertEqual([path for path, _ in self.service.seen("DELETE", "/")], [f"/jobs/{self.job().id}"])
        self.assertEqual(self.browser.run("return location.hash"), "")
        self.assertEqual(self.browser.run("return document.activeElement.id"), "deblur", "the focus is not lost")

    def test_reload_takes_the_job_up_again(self):
        self.service.behaviour.seconds_per_tile = 0.4
        self.start()
        self.wait_status("Deblurring")
        self.browser.wait(lambda: self.job().id in self.browser.run("return location.hash"))
        self.browser.driver.refresh()
        self.wait_status("Deblurring")
        self.assertEqual(self.browser.text("#file-name"), "street.jpg")
        self.browser.wait_state("done")
        self.assertEqual(len(self.service.seen("POST", "/deblur")), 1, "the photo is not sent again")
        self.assertTrue(self.browser.is_shown("#divider"), "the photo was kept for the comparison")

    def test_another_browser_sees_the_result_alone(self):
        self.start()
        self.browser.wait_state("done")
        self.browser.run("return new Promise((done) => { indexedDB.deleteDatabase('deblur').onsuccess = done; })")
        self.browser.driver.refresh()
        self.browser.wait_state("done")
        self.assertFalse(self.browser.is_shown("#divider"))
        self.assertFalse(self.browser.is_shown("#again"))
        self.assertFalse(self.browser.is_shown("#options-details"))
        self.assertTrue(self.browser.is_shown("#download"))

    def test_an_expired_result_says_so(self):
        self.start()
        self.browser.wait_state("done")
        self.job().expired = True
        self.browser.driver.refresh()
        self.expect_error("This result is no longer kept", "Deblur the photo again")
        self.assertEqual(self.browser.run("return location.hash"), "")
        self.browser.open("#job=unknown")
        self.expect_error("Not found", "There is no such job.")

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

    def test_a_busy_service_is_tried_again_in_time(self):
        self.service.behaviour.refusals = [
            (429, "queue_full", "The queue is full", "80 tiles are waiting; the queue takes 64.", {"Retry_After": "2"})]
        self.choose()
        self.browser.click("#deblur")
        started = time.monotonic()
        self.expect_error("The service is busy", "80 tiles are waiting")
        self.assertRegex(self.browser.text("#error-wait-text"), r"^Trying again in [12] s\.$")
        self.browser.wait_state("done")
        self.assertGreaterEqual(time.monotonic() - started, 2)
        self.assertEqual(len(self.service.seen("POST", "/deblur")), 2)
        self.assertFalse(self.browser.is_shown("#error"))

    def test_trying_again_can_be_stopped(self):
        self.service.behaviour.refusals = [(503, "draining", "x", "", {"Retry_After": "1"})]
        self.choose()
        self.browser.click("#deblur")
        self.expect_error("The service is restarting")
        self.browser.click("#error-stop")
        time.sleep(1.8)
        self.assertEqual(len(self.service.seen("POST", "/deblur")), 1)
        self.browser.click("#error-retry")
        self.browser.wait_state("done")

    def test_a_full_disk_is_not_tried_again_by_itself(self):
        self.service.behaviour.refusals = [(507, "insufficient_storage", "x", "The state folder is full.", {})]
        self.choose()
        self.browser.click("#deblur")
        self.expect_error("The service has no room to store the photo", "The state folder is full.")
        self.assertFalse(self.browser.is_shown("#error-wait"))

    def test_services_without_jobs(self):
        for jobs, posts in ((False, 1), ("refused", 2)):
            with self.subTest(jobs=jobs):
                self.service.behaviour.jobs = jobs
                self.service.requests.clear()
                self.browser.open()
                self.deblur()
                self.assertEqual(len(self.service.seen("POST", "/deblur")), posts)
                self.assertTrue(self.browser.is_shown("#divider"))
                self.assertFalse(self.browser.is_shown("#heat"))
                self.assertIn("7 tiles sharpened, 1 left as it came", self.browser.text("#outcome-detail"))

    def test_cancel_without_jobs_closes_the_request(self):
        self.service.behaviour.jobs = False
        self.service.behaviour.seconds_per_tile = 0.5
        self.choose()
        self.browser.click("#deblur")
        self.wait_status("Working")
        self.browser.click("#cancel")
        self.browser.wait_state("ready", 4)

    def test_a_locked_service_asks_for_its_key(self):
        self.service.behaviour.key = "right"
        self.browser.open()
        self.choose()
        self.browser.click("#deblur")
        for key in ("wrong", "right"):
            self.browser.wait(lambda: self.browser.is_shown("#key-dialog"))
            self.assertEqual(self.browser.run("return document.activeElement.id"), "key")
            self.assertEqual(self.browser.is_shown("#key-refused"), key == "right")
            self.browser.find("#key").send_keys(key + Keys.ENTER)
            time.sleep(0.3)
        self.browser.wait_state("done")
        self.assertEqual(self.browser.run("return localStorage.getItem('deblur-key')"), None)
        streams = self.service.seen("GET", f"/jobs/{self.job().id}/events")
        self.assertEqual(streams[0][1]["Authorization"], "Bearer right")
        self.browser.open()
        self.deblur()
        self.assertFalse(self.browser.is_shown("#key-dialog"), "the tab remembers it")

    def test_no_key_is_an_answer(self):
        self.service.behaviour.key = "right"
        self.choose()
        self.browser.click("#deblur")
        self.browser.wait(lambda: self.browser.is_shown("#key-dialog"))
        self.browser.find("#key").send_keys(Keys.ESCAPE)
        self.expect_error("This service needs a key")


class LostConnectionTests(PageCase):
    """The service goes away and comes back on the same port."""

    expected_statuses = ()

    def tearDown(self):
        # That connections fail is the point here; the policy holds all the same.
        self.assertEqual(self.browser.run("return window.__violations"), [])

    def test_an_unreachable_service(self):
        self.choose()
        self.browser.driver.execute_cdp_cmd("Network.enable", {})
        offline = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        self.browser.driver.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
        try:
            self.browser.click("#deblur")
            self.expect_error("The service cannot be reached")
        finally:
            self.browser.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {**offline, "offline": False})
        self.browser.click("#error-retry")
        self.browser.wait_state("done")

    def test_a_job_outlives_the_connection(self):
        self.service.behaviour.seconds_per_tile = 0.25
        self.service.behaviour.cut_events_after = 5
        self.choose()
        self.browser.click("#deblur")
        self.browser.wait(lambda: self.browser.text("#status") == "Deblurring")
        self.browser.driver.execute_cdp_cmd("Network.enable", {})
        offline = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        self.browser.driver.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
        try:
            self.browser.wait(lambda: "Connection lost" in self.browser.text("#status-detail"))
        finally:
            self.browser.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {**offline, "offline": False})
        self.browser.wait_state("done", 40)
        self.assertEqual(len(self.service.seen("POST", "/deblur")), 1)
