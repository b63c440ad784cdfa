import { registry } from "@web/core/registry";
import {
    JournalDashboardGraphField,
    journalDashboardGraphField,
} from "@web/views/fields/journal_dashboard_graph/journal_dashboard_graph_field";
import { useRecordObserver } from "@web/model/relational_model/utils";

/** Odoo's chart field that follows its record: «Refresh Statistics» is seen at once. */
export class TimelineField extends JournalDashboardGraphField {
    setup() {
        super.setup();
        useRecordObserver((record) => {
            this.data = JSON.parse(record.data[this.props.name] || '[{"values": []}]');
            if (this.chart) {
                this.renderChart();
            }
        });
    }
}

registry.category("fields").add("epd_timeline", {
    ...journalDashboardGraphField,
    component: TimelineField,
});
