import { useService } from "@web/core/utils/hooks";
import { registry } from "@web/core/registry";
import { ProgressBarField, progressBarField } from "@web/views/fields/progress_bar/progress_bar_field";
import { onWillDestroy } from "@odoo/owl";
import { useRecordObserver } from "@web/model/relational_model/utils";

const NOTICE = "epd_mailing/progress";
const WORKING = [
    ...["looking", "preparing", "scheduled", "sending"], // runs and mailings
    ...["checking", "loading", "saving", "taking_back", "building"], // files and paper
];
const AT_MOST_EVERY = 1000; // ms between two readings
const LOOK_AGAIN = 5000; // ms; for servers whose websocket is not reachable
const SETTLE = 60000; // ms; what was in flight when the work stopped may end later

/** Odoo's progress bar that follows work in the background: read again when the bus says so. */
export class LiveProgressField extends ProgressBarField {
    setup() {
        super.setup();
        this.bus = useService("bus_service");
        this.read = { last: 0, timer: null, running: false };
        this.worked = 0;
        const follow = ({ model, id }) => {
            const { resModel, resId } = this.props.record;
            if (model === resModel && id === resId) {
                this.readSoon();
            }
        };
        this.bus.subscribe(NOTICE, follow);
        useRecordObserver((record) => this.listen(record));
        const clock = setInterval(() => {
            const now = Date.now();
            const { data } = this.props.record;
            if (data.is_filling || WORKING.includes(data.state)) {
                this.worked = now;
            }
            if (now - this.worked < SETTLE && now - this.read.last >= LOOK_AGAIN) {
                this.readSoon();
            }
        }, LOOK_AGAIN);
        // a form that is drawn anew before it was shown goes without being unmounted: it would look on for ever
        onWillDestroy(() => {
            clearInterval(clock);
            clearTimeout(this.read.timer);
            this.gone = true;
            this.bus.unsubscribe(NOTICE, follow);
            this.leave();
        });
    }

    listen(record) {
        const channel = record.resId ? `epd_mailing/${record.resModel}/${record.resId}` : null;
        if (channel !== this.channel) {
            this.leave();
            this.channel = channel;
            if (channel) {
                this.bus.addChannel(channel);
            }
        }
    }

    leave() {
        if (this.channel) {
            this.bus.deleteChannel(this.channel);
            this.channel = null;
        }
    }

    readSoon() {
        if (this.gone || this.read.timer || this.read.running) {
            return;
        }
        const pause = Math.max(0, AT_MOST_EVERY - (Date.now() - this.read.last));
        this.read.timer = setTimeout(() => this.readNow(), pause);
    }

    async readNow() {
        this.read.timer = null;
        this.read.last = Date.now();
        const { record } = this.props;
        // what the clerk is typing is not thrown away
        if (!record.resId || (await record.isDirty()) || this.gone) {
            return;
        }
        this.read.running = true;
        try {
            // not the model's load: of two that cross, a button's and ours, one would never end
            await record.load();
        } finally {
            this.read.running = false;
        }
    }
}

registry.category("fields").add("epd_live_progress", {
    ...progressBarField,
    component: LiveProgressField,
    fieldDependencies: [{ name: "state", type: "selection" }],
});
