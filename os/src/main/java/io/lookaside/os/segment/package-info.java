/** Memory managed in variable segments, as before paging: what paging is compared with. */
@NullMarked
package io.lookaside.os.segment;

import org.jspecify.annotations.NullMarked;
