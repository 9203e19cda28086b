// Walks page tables from their bytes, for one address at a time. Everything is 64 bits wide, so numbers
// are BigInts. Sources: Intel SDM vol. 3A, "Paging": 4.3 to 4.5 (translation), 4.6 (access rights),
// 4.7 (page-fault exceptions).
(function () {
  'use strict';
  const data = JSON.parse(document.getElementById('data').textContent);
  const P = 1n, RW = 2n, US = 4n, PWT = 8n, PCD = 16n, A = 32n, D = 64n, PS = 128n, G = 256n, XD = 1n << 63n;
  const ADDRESS = 0x000ffffffffff000n;
  const levels = data.levels.map((level) => ({
    ...level, shift: BigInt(level.shift), entries: BigInt(level.entries),
    reserved: BigInt(level.reserved), reservedLarge: BigInt(level.reservedLarge),
  }));
  const top = levels[0];
  const width = top.shift + BigInt(Math.round(Math.log2(Number(top.entries))));

  const hex = (n) => '0x' + n.toString(16);
  const padded = (n, bytes) => '0x' + n.toString(16).padStart(2 * bytes, '0');

  const decoded = new Map();
  function bytes(page) {
    const key = hex(page);
    if (!decoded.has(key)) {
      const text = data.pages[key];
      decoded.set(key, text === undefined ? null
        : new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer));
    }
    return decoded.get(key);
  }

  // The entry at a physical address; null where its page is not here.
  function read(address, entryBytes) {
    const view = bytes(address & ~0xfffn);
    if (view === null) {
      return null;
    }
    const offset = Number(address & 0xfffn);
    return entryBytes === 8 ? view.getBigUint64(offset, true) : BigInt(view.getUint32(offset, true));
  }

  function isLinear(va) {
    if (!data.longMode) {
      return va < 1n << 32n;
    }
    return BigInt.asUintN(64, BigInt.asIntN(Number(width), va)) === va;
  }

  function frame(entry, pageSize) {
    switch (pageSize) {
      case '4K': return entry & ADDRESS;
      case '2M': return entry & ADDRESS & ~0x1fffffn;
      case '1G': return entry & ADDRESS & ~0x3fffffffn;
      default: return (entry & 0xffc00000n) | ((entry >> 13n & 0xffn) << 32n); // 4M: PSE-36
    }
  }

  const BYTES = { '4K': 1n << 12n, '2M': 1n << 21n, '4M': 1n << 22n, '1G': 1n << 30n };

  function errorCode(p, question, rsvd) {
    const tellsFetch = question.smep || (data.registers.nxe && levels[0].entryBytes === 8);
    return (p ? 1 : 0) | (question.access === 'store' ? 2 : 0) | (question.user ? 4 : 0) | (rsvd ? 8 : 0)
      | (question.access === 'fetch' && tellsFetch ? 16 : 0);
  }

  function fault(outcome, code, reason) {
    outcome.kind = 'fault';
    outcome.code = code;
    outcome.reason = reason;
    return outcome;
  }

  // Why an access has no right to a page; null where it has.
  function refusal(question, rights) {
    const userPage = (rights & US) !== 0n;
    const writable = (rights & RW) !== 0n;
    if (question.access === 'fetch' && (rights & XD) !== 0n) {
      return 'XD forbids the fetch';
    }
    if (question.user) {
      if (!userPage) {
        return 'U/S = 0 at some level: the page is the supervisor’s';
      }
      return question.access === 'store' && !writable ? 'R/W = 0 at some level: the page is read-only' : null;
    }
    if (userPage && question.access === 'fetch') {
      return question.smep ? 'SMEP forbids the supervisor to fetch from a user page' : null;
    }
    if (userPage && question.smap && !question.ac) {
      return 'SMAP forbids the supervisor to touch a user page while RFLAGS.AC = 0';
    }
    return question.access === 'store' && !writable && question.wp
      ? 'R/W = 0 at some level, and CR0.WP = 1 binds the supervisor too' : null;
  }

  // Walks for a question: {va, access: load|store|fetch, user, wp, smep, smap, ac}.
  function walk(question) {
    const va = question.va;
    const outcome = { kind: '', steps: [] };
    if (!isLinear(va)) {
      outcome.kind = 'noncanonical';
      return outcome;
    }
    let table;
    if (data.pdptes) {
      const index = Number(va >> 30n & 3n);
      const value = BigInt(data.pdptes[index]);
      const address = BigInt(data.root) + BigInt(8 * index);
      if (!data.pdptesHeld) {
        outcome.kind = 'missing';
        return outcome;
      }
      outcome.steps.push({ pdpte: true, name: 'PDPTE', index, address, value });
      if ((value & P) === 0n) {
        return fault(outcome, errorCode(false, question, false), 'the PDPTE register says that there is no table');
      }
      table = value & ADDRESS;
    } else {
      table = BigInt(data.root);
    }
    let rights = RW | US;
    for (const level of levels) {
      const index = va >> level.shift & (level.entries - 1n);
      const address = table + index * BigInt(level.entryBytes);
      const value = read(address, level.entryBytes);
      const step = { name: level.name, level, index: Number(index), address, value };
      outcome.steps.push(step);
      if (value === null) {
        outcome.kind = 'missing';
        return outcome;
      }
      if ((value & P) === 0n) {
        return fault(outcome, errorCode(false, question, false), 'P = 0 in the ' + level.name);
      }
      step.leaf = level.last || (level.canMap && (value & PS) !== 0n);
      step.reserved = value & (level.canMap && (value & PS) !== 0n && !level.last ? level.reservedLarge : level.reserved);
      if (step.reserved !== 0n) {
        return fault(outcome, errorCode(true, question, true), 'reserved bits are set in the ' + level.name);
      }
      rights = (rights & value & (RW | US)) | ((rights | value) & XD);
      step.rights = rights;
      if (step.leaf) {
        const base = frame(value, level.pageSize);
        outcome.pageSize = level.pageSize;
        outcome.rights = rights;
        const why = refusal(question, rights);
        if (why !== null) {
          return fault(outcome, errorCode(true, question, false), why);
        }
        outcome.kind = 'mapped';
        outcome.frame = base;
        outcome.pa = base | (va & (BYTES[level.pageSize] - 1n));
        return outcome;
      }
      table = value & ADDRESS;
    }
    return outcome;
  }

  // What one sees.
  const byId = (id) => document.getElementById(id);
  function element(name, text, className) {
    const e = document.createElement(name);
    if (text !== undefined) {
      e.textContent = text;
    }
    if (className) {
      e.className = className;
    }
    return e;
  }

  function parse(text) {
    const trimmed = text.trim().replace(/[_']/g, '');
    if (!/^(0x)?[0-9a-f]{1,16}$/i.test(trimmed)) {
      return null;
    }
    return BigInt(/^0x/i.test(trimmed) ? trimmed : '0x' + trimmed);
  }

  function rightsWords(rights) {
    return ((rights & US) !== 0n ? 'user and supervisor' : 'supervisor only') + ', '
      + ((rights & RW) !== 0n ? 'read and write' : 'read only') + ', '
      + ((rights & XD) !== 0n ? 'no fetches' : 'fetches');
  }

  function showSplit(va) {
    const parts = [];
    if (data.pdptes) {
      parts.push(['PDPTE', '31:30', va >> 30n & 3n]);
    }
    for (const level of levels) {
      const bits = BigInt(Math.round(Math.log2(Number(level.entries))));
      parts.push([level.name, (level.shift + bits - 1n) + ':' + level.shift, va >> level.shift & (level.entries - 1n)]);
    }
    parts.push(['offset', '11:0', hex(va & 0xfffn)]);
    byId('split').replaceChildren(...parts.map(([name, bits, value]) => {
      const box = element('div', name + ' ' + value);
      box.append(element('span', 'bits ' + bits));
      return box;
    }));
  }

  function bitList(step) {
    const list = element('ul', undefined, 'bits');
    const v = step.value;
    const bit = (mask, name, meaning0, meaning1) => {
      const on = (v & mask) !== 0n;
      list.append(element('li', name + ' = ' + (on ? '1' : '0') + ' ' + (on ? meaning1 : meaning0), on ? 'on' : ''));
    };
    bit(P, 'P', 'not present', 'present');
    if ((v & P) === 0n || step.pdpte) {
      return list;
    }
    bit(RW, 'R/W', 'read-only', 'writable');
    bit(US, 'U/S', 'supervisor', 'user');
    bit(PWT, 'PWT', '', 'write-through');
    bit(PCD, 'PCD', '', 'cache disabled');
    bit(A, 'A', 'not used', 'used');
    if (step.leaf) {
      bit(D, 'D', 'clean', 'written');
    }
    if (step.level.canMap && !step.level.last) {
      bit(PS, 'PS', 'points to a table', 'maps a page');
    }
    if (step.leaf) {
      bit(G, 'G', '', 'global');
    }
    if (step.level.entryBytes === 8) {
      bit(XD, 'XD', 'fetches', 'no fetches');
    }
    if (step.reserved !== undefined && step.reserved !== 0n) {
      list.append(element('li', 'reserved bits ' + hex(step.reserved), 'wrong'));
    }
    return list;
  }

  function neighbours(step, va) {
    const details = element('details');
    details.append(element('summary', 'The table that this entry is in'));
    details.addEventListener('toggle', () => {
      if (!details.open || details.children.length > 1) {
        return;
      }
      const box = element('div', undefined, 'scroll');
      box.tabIndex = 0;
      box.setAttribute('role', 'region');
      box.setAttribute('aria-label', 'Entries of the table');
      const table = element('table');
      const body = element('tbody');
      const base = step.address - BigInt(step.index * step.level.entryBytes);
      const mask = (step.level.entries - 1n) << step.level.shift;
      for (let i = 0n; i < step.level.entries; i++) {
        const value = read(base + i * BigInt(step.level.entryBytes), step.level.entryBytes);
        if (value === 0n) {
          continue;
        }
        let address = (va & ~mask & ~((1n << step.level.shift) - 1n)) | (i << step.level.shift);
        if (data.longMode) {
          address = BigInt.asUintN(64, BigInt.asIntN(Number(width), address));
        }
        const row = element('tr');
        row.append(element('td', String(i)), element('td', padded(value, step.level.entryBytes)));
        const cell = element('td');
        cell.append(link(address));
        row.append(cell);
        body.append(row);
      }
      const head = element('tr');
      for (const name of ['Index', 'Entry', 'Address']) {
        const th = element('th', name);
        th.scope = 'col';
        head.append(th);
      }
      const thead = element('thead');
      thead.append(head);
      table.append(thead, body);
      box.append(table);
      details.append(box);
    });
    return details;
  }

  function link(address) {
    const button = element('button', hex(address), 'link');
    button.type = 'button';
    button.addEventListener('click', () => {
      byId('address').value = hex(address);
      ask(true);
    });
    return button;
  }

  function showStep(step, va) {
    const item = element('li');
    const heading = element('h3', step.name + ' ' + step.index);
    item.append(heading);
    if (step.value === null) {
      item.append(element('p', 'At ' + hex(step.address) + ': this page is not '
        + (data.complete ? 'in the image.' : 'in this page; write it again with another --range.'), 'bad'));
      return item;
    }
    const where = element('p', 'At ' + hex(step.address) + ': ');
    where.append(element('code', padded(step.value, step.pdpte ? 8 : step.level.entryBytes)));
    item.append(where, bitList(step));
    if ((step.value & P) !== 0n && !(step.reserved > 0n)) {
      item.append(element('p', step.leaf
        ? 'Maps a page of ' + step.level.pageSize + ' at ' + hex(frame(step.value, step.level.pageSize)) + '.'
        : 'Points to the next table, at ' + hex(step.value & ADDRESS) + '.'));
      if (step.rights !== undefined) {
        item.append(element('p', 'Rights so far: ' + rightsWords(step.rights) + '.'));
      }
    }
    if (step.level) {
      item.append(neighbours(step, va));
    }
    return item;
  }

  const CODE_BITS = [[1, 'P', 'the page is present'], [2, 'W/R', 'a write'], [4, 'U/S', 'user mode'],
    [8, 'RSVD', 'reserved bits'], [16, 'I/D', 'a fetch']];

  function showResult(outcome, va) {
    const box = byId('result');
    const lines = [];
    box.className = outcome.kind === 'mapped' ? 'good-edge' : 'bad-edge';
    if (outcome.kind === 'mapped') {
      lines.push(element('p', hex(va) + ' is at physical ' + hex(outcome.pa) + ', in a page of ' + outcome.pageSize + '.'));
      lines.push(element('p', 'The access is allowed. Rights: ' + rightsWords(outcome.rights) + '.'));
    } else if (outcome.kind === 'fault') {
      lines.push(element('p', 'Page fault with error code ' + hex(BigInt(outcome.code)) + ': ' + outcome.reason + '.'));
      const list = element('ul', undefined, 'bits');
      for (const [mask, name, meaning] of CODE_BITS) {
        const on = (outcome.code & mask) !== 0;
        list.append(element('li', name + ' = ' + (on ? '1 ' + meaning : '0'), on ? 'on' : ''));
      }
      lines.push(list);
    } else if (outcome.kind === 'noncanonical') {
      lines.push(element('p', data.longMode
        ? 'Not canonical: bits 63:' + (width - 1n) + ' are not all equal. A general-protection fault; no walk begins.'
        : 'Linear addresses have 32 bits here.'));
    } else {
      lines.push(element('p', 'Unknown: the walk comes to a page that is not '
        + (data.complete ? 'in the image.' : 'in this page.')));
    }
    box.replaceChildren(...lines);
  }

  function question(va) {
    return { va, access: byId('access').value, user: byId('mode').value === 'user', wp: byId('wp').checked,
      smep: byId('smep').checked, smap: byId('smap').checked, ac: byId('ac').checked };
  }

  function ask(scroll) {
    const va = parse(byId('address').value);
    byId('complaint').textContent = va === null ? 'Expected a hexadecimal address, as in 0x401000.' : '';
    byId('address').setAttribute('aria-invalid', String(va === null));
    if (va === null) {
      return;
    }
    const outcome = walk(question(va));
    showSplit(va);
    showResult(outcome, va);
    byId('steps').replaceChildren(...outcome.steps.map((step) => showStep(step, va)));
    if (scroll) {
      byId('result').focus();
    }
  }

  for (const register of ['wp', 'smep', 'smap']) {
    byId(register).checked = data.registers[register];
  }
  byId('question').addEventListener('submit', (event) => {
    event.preventDefault();
    ask(false);
  });
  for (const id of ['access', 'mode', 'wp', 'smep', 'smap', 'ac']) {
    byId(id).addEventListener('change', () => ask(false));
  }
  for (const run of data.runs) {
    const row = element('tr');
    const cells = [element('td'), element('td', run.last), element('td', run.pageSize), element('td', run.rights)];
    cells[0].append(link(BigInt(run.first)));
    row.append(...cells);
    byId('map').append(row);
  }
  byId('map-note').textContent = data.runs.length === 0 ? 'Nothing.'
    : (data.complete ? '' : 'Of the chosen ranges. ')
      + 'Rights: u user and supervisor or s supervisor only, r read, w write, x fetch.'
      + (data.runsLeftOut > 0 ? ' ' + data.runsLeftOut + ' more pages are mapped than listed here.' : '');
  byId('address').value = data.runs.length > 0 ? data.runs[0].first : '0x0';
  if (data.runs.length > 0 && data.runs[0].rights[0] === 's') {
    byId('mode').value = 'supervisor';
  }
  ask(false);

  // For programs: walks as plain objects, with numbers as hexadecimal text.
  lookaside.walk = (q) => {
    const outcome = walk({ ...q, va: BigInt(q.va) });
    return { kind: outcome.kind, code: outcome.code === undefined ? null : outcome.code,
      pa: outcome.pa === undefined ? null : hex(outcome.pa), pageSize: outcome.pageSize || null,
      entries: outcome.steps.filter((s) => !s.pdpte).map((s) => s.value === null ? null : hex(s.value)) };
  };
})();
