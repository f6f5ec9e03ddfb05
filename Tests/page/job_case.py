"""What tests of jobs share: one photo on its way, and the fake service's job of it."""

from page_case import PageCase


class JobCase(PageCase):
    def start(self, stops_after=None):
        """`stops_after`: where the job stops until `go_on`, so that a state can be seen however busy the machine is."""
        self.service.behaviour.stops_after = stops_after
        self.choose()
        self.browser.click("#deblur")
        self.browser.wait(lambda: self.service.jobs, message="no job was made")

    def go_on(self, stops_after=None):
        self.service.behaviour.stops_after = stops_after

    def job(self):
        return list(self.service.jobs.values())[-1]

    def wait_status(self, text):
        self.browser.wait(lambda: self.browser.text("#status") == text, message=f"status never became {text}")

    def posts(self):
        return self.service.seen("POST", "/deblur")
