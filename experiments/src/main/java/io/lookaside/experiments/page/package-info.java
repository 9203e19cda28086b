/**
 * Pages of HTML that stand alone: one file each, which needs no other and asks for none, with
 * charts by Vega-Lite and a content-security policy that lets nothing else run.
 */
@NullMarked
package io.lookaside.experiments.page;

import org.jspecify.annotations.NullMarked;
